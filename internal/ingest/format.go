package ingest

import "slices"

// formats returns every format in the order in which they are tried. The first
// that recognises a value has the file.
func formats() []format {
	return slices.Concat(vscodeFormats(), copilotFormats(), ampFormats(), cursorFormats(), windsurfFormats(), kimiFormats(), qwenFormats(), droidFormats(), iflowFormats(), claudeFormats(), openCodeFormats(), geminiFormats(), ghawFormats(), openHandsFormats(), piFormats(), sweAgentFormats(), []format{
		{nativeFormat, nativeFormat, isNative, newNative},
		{codexExecFormat, codexExecFormat, isCodexExec, newCodexExec},
		{codexRolloutFormat, codexRolloutFormat, isCodexRollout, newCodexRollout},
		{fullsendFormat, fullsendFormat, isFullsend, newFullsend},
		{otlpFormat, otlpFormat, isOTLP, newOTLP},
		{otlpLogsFormat, otlpLogsFormat, isOTLPLogs, newOTLP},
		{otlpMetricsFormat, otlpMetricsFormat, isOTLPMetrics, newOTLP},
	}, chatFormats())
}
