package ingest

// nativeFormat is the name of Andon's own format.
const nativeFormat = "andon/trace"

// formats returns every format in the order in which they are tried. The first
// that recognises a value has the file.
func formats() []format {
	return append(claudeFormats(), []format{
		{codexExecFormat, codexExecFormat, isCodexExec, newCodexExec},
		{codexRolloutFormat, codexRolloutFormat, isCodexRollout, newCodexRollout},
		{otlpFormat, otlpFormat, isOTLP, newOTLP},
		{otlpLogsFormat, otlpLogsFormat, isOTLPLogs, newOTLP},
		{otlpMetricsFormat, otlpMetricsFormat, isOTLPMetrics, newOTLP},
	}...)
}
