package ingest

import "github.com/andon-ci/andon/internal/finding"

// Rules returns the rules of the findings that reading a file makes.
func Rules() []finding.Rule {
	return []finding.Rule{
		{ID: "trace/duplicate-key", Severity: finding.Warning, Title: "An object has a member twice",
			Help: "Readers differ on which of the two counts. Andon takes the last, as most do."},
		{ID: "trace/invalid-json", Severity: finding.Error, Title: "A line is not valid JSON",
			Help: "The line was left out, and the rest was read. It is never quoted: it may hold a credential."},
		{ID: "trace/invalid-utf8", Severity: finding.Warning, Title: "A line is not valid UTF-8",
			Help: "Broken bytes are read as U+FFFD. The writer probably cut a string inside a character."},
		{ID: "trace/missing-field", Severity: finding.Error, Title: "A record lacks what its reader needs",
			Help: "The record was left out of the figures. Its format, or the agent's version, may be newer than this reader."},
		{ID: "trace/several-values", Severity: finding.Info, Title: "Several JSON values on one line",
			Help: "A newline is missing. Each value was read."},
		{ID: "trace/too-long", Severity: finding.Error, Title: "A line is over the limit of 160 MiB",
			Help: "It was scanned for credentials, and its record was left out. Keep large outputs in files of their own."},
		{ID: "trace/truncated", Severity: finding.Warning, Title: "The last record is cut off",
			Help: "The agent was killed while it wrote, or still writes. What came before was read."},
	}
}
