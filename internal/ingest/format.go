package ingest

// formats returns every format in the order in which they are tried. The first
// that recognises a value has the file.
func formats() []format {
	return append(claudeFormats(), []format{
		{nativeFormat, nativeFormat, isNative, newNative},
		{codexExecFormat, codexExecFormat, isCodexExec, newCodexExec},
		{codexRolloutFormat, codexRolloutFormat, isCodexRollout, newCodexRollout},
		{otlpFormat, otlpFormat, isOTLP, newOTLP},
		{otlpLogsFormat, otlpLogsFormat, isOTLPLogs, newOTLP},
		{otlpMetricsFormat, otlpMetricsFormat, isOTLPMetrics, newOTLP},
	}...)
}
