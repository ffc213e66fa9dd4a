/*
Andon reads the traces that coding agents leave, and says what happened.

Usage:

	andon COMMAND [flags] [PATH...]

The commands are:

	collect     read traces, check and scan them, and say what happened
	validate    check traces against their schema, or against what their reader needs
	scan        look for credentials in files of any kind
	show        show a bundle, or traces, down to the steps of one run
	session     show all that was done to a pull request, over all workflow runs
	diff        set two runs or sessions side by side
	overrides   say where people overruled agents, and where they agreed
	sync        add new runs and overrides to a history
	prune       drop old days of a history, and note what they came to
	report      say whether the agents get better or worse, why, and where to look
	board       show a light for each agent and repository, for a display on the wall
	export      send runs and overrides to an OpenTelemetry backend, or write them as OTLP JSON
	metrics     add runs and overrides up to metrics, for Prometheus or an OpenTelemetry backend
	traceparent print the span that this job's runs will be exported under
	emit        append one record to a native trace, for agents without a transcript
	init        write ready workflows and a configuration into a repository
	schema      print a JSON Schema of what Andon reads and writes
	completion  print a completion script for a shell
	version     print the version, and the date of the price table

A PATH is a file, a folder or a glob, in which "**" matches any depth. The
format of a file is recognised from its content, never from its name. Files
compressed with gzip, bzip2 or zstd, up to three times over, and text in UTF-16
with a byte order mark are read as they are.

# Exit codes

	0  clean
	1  findings at or above the gate (--fail-on); a difference (diff --exit-code)
	2  wrong usage
	3  could not do the job: input or output, configuration

A path that was named and is not there is 3, after everything else was read;
findings at the gate outweigh it. A file that is there and cannot be read is a
finding.

# Output

Results go to stdout, progress and messages to stderr; with --format json in
GitHub Actions annotations too, so that stdout is one document. The same input
gives the same bytes. A figure that was not measured is absent or shown as
unknown, and never as 0.

# What it never does

Andon sends nothing anywhere, but for session, for sync and for overrides with
--since, which ask the forge for what they show, and for export, metrics, and
collect with --otlp-endpoint, which send to the endpoints that they are told;
session writes to the forge what --comment and --check name, sync a history on a
branch, and report the issue of --post. Of the words of agents and people an
export holds nothing unless it is told so. It never prints or writes the value of a credential that it has
found, and it writes nothing for upload that it has not scanned. The names of
files and folders are scanned as well.

# Environment

	GITHUB_ACTIONS         true: write the job summary, annotations and outputs
	GITHUB_EVENT_PATH      the event that says which pull request and commit
	ANDON_TRACE            the trace that emit appends to and collect reads
	ANDON_RUN_ID           the run that a record of emit belongs to
	ANDON_SECRETS          names of variables whose values must not leak
	ANDON_FINGERPRINT_KEY  key for the fingerprints of credentials, the same in
	                       all jobs whose findings are to be compared
	OTEL_EXPORTER_OTLP_*   where export sends to and how; collect, which does so
	                       only where it is told to, takes the headers from it
	OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, OTEL_SDK_DISABLED
	                       what export says of itself, and whether it sends at all
	TRACEPARENT            the span to export under
	GITHUB_TOKEN, GH_TOKEN whom to ask the forge as
	ANDON_APP_ID           the App to ask as instead, and
	ANDON_APP_KEY          its private key in PEM, or the file that holds it
	GITHUB_API_URL         the forge, where it is not github.com
	NO_COLOR               no colours on a terminal
*/
package main
