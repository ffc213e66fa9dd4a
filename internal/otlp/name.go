package otlp

// Profile says which version of the names that are being changed is written.
type Profile string

// The profiles.
const (
	Stable Profile = "stable" // what the backends of today read
	Next   Profile = "next"   // what the conventions will have when they are released
)

// The names of OpenTelemetry's conventions for generative AI, which have no
// release yet and are in no Go package.
const (
	genAIOperation     = "gen_ai.operation.name"
	genAIProvider      = "gen_ai.provider.name"
	genAIConversation  = "gen_ai.conversation.id"
	genAIAgentID       = "gen_ai.agent.id"
	genAIAgentName     = "gen_ai.agent.name"
	genAIAgentVersion  = "gen_ai.agent.version"
	genAIWorkflow      = "gen_ai.workflow.name"
	genAIRequestModel  = "gen_ai.request.model"
	genAIResponseModel = "gen_ai.response.model"
	genAIFinish        = "gen_ai.response.finish_reasons"
	genAIFirstChunk    = "gen_ai.response.time_to_first_chunk" // seconds
	genAIInput         = "gen_ai.usage.input_tokens"           // cached or not
	genAIOutput        = "gen_ai.usage.output_tokens"
	genAICacheRead     = "gen_ai.usage.cache_read.input_tokens"
	genAICacheCreation = "gen_ai.usage.cache_creation.input_tokens"
	genAICacheWrite    = "gen_ai.usage.cache_write.input_tokens" // its next name
	genAIReasoning     = "gen_ai.usage.reasoning.output_tokens"
	genAICost          = "gen_ai.usage.cost" // by no convention; Langfuse reads it
	genAITokenType     = "gen_ai.token.type"
	genAIToolName      = "gen_ai.tool.name"
	genAIToolID        = "gen_ai.tool.call.id"
	genAIToolType      = "gen_ai.tool.type"
	genAIEvaluation    = "gen_ai.evaluation.name"
	genAIScoreValue    = "gen_ai.evaluation.score.value"
	genAIScoreLabel    = "gen_ai.evaluation.score.label"
	genAIExplanation   = "gen_ai.evaluation.explanation"

	mcpMethod = "mcp.method.name"
)

// The names of the conventions' metrics.
const (
	genAIAgentDuration = "gen_ai.invoke_agent.duration"
	genAICallDuration  = "gen_ai.client.operation.duration"
	genAIToolDuration  = "gen_ai.execute_tool.duration"
	genAITokenUsage    = "gen_ai.client.token.usage"
	genAITokens        = "gen_ai.client.inference.usage." // what takes its place, followed by a class of tokens
	pipelineErrors     = "cicd.pipeline.run.errors"
)

// cacheWrite returns the name of the tokens that were written to a cache. Never
// both: Langfuse would count them twice.
func (p Profile) cacheWrite() string {
	if p == Next {
		return genAICacheWrite
	}
	return genAICacheCreation
}

// The names of the conventions for pipelines, version control, sessions and
// errors.
const (
	serviceName      = "service.name"
	serviceNamespace = "service.namespace"
	serviceInstance  = "service.instance.id"
	environmentName  = "deployment.environment.name"
	errorType        = "error.type"
	overflow         = "otel.metric.overflow" // the series of what has too many
	sessionID        = "session.id"
	userID           = "user.id"

	pipelineName   = "cicd.pipeline.name"
	pipelineRun    = "cicd.pipeline.run.id"
	pipelineRunURL = "cicd.pipeline.run.url.full"
	pipelineAction = "cicd.pipeline.action.name"
	pipelineResult = "cicd.pipeline.result"
	pipelineTask   = "cicd.pipeline.task.name"
	taskRun        = "cicd.pipeline.task.run.id"
	taskResult     = "cicd.pipeline.task.run.result"
	taskURL        = "cicd.pipeline.task.run.url.full"
	workerID       = "cicd.worker.id"
	workerName     = "cicd.worker.name"

	vcsProvider     = "vcs.provider.name"
	vcsURL          = "vcs.repository.url.full"
	vcsName         = "vcs.repository.name"
	vcsOwner        = "vcs.owner.name"
	vcsHeadName     = "vcs.ref.head.name"
	vcsHeadType     = "vcs.ref.head.type"
	vcsHeadRevision = "vcs.ref.head.revision"
	vcsBaseName     = "vcs.ref.base.name"
	vcsBaseType     = "vcs.ref.base.type"
	vcsBaseRevision = "vcs.ref.base.revision"
	vcsChange       = "vcs.change.id"
	vcsChangeState  = "vcs.change.state"
	vcsChangeTitle  = "vcs.change.title"
)

// The names that other programs use and no convention has.
const (
	githubAttempt     = "github.run_attempt"
	githubEvent       = "github.event_name"
	githubWorkflowRef = "github.workflow_ref"
	githubJob         = "github.job"

	openInferenceKind    = "openinference.span.kind"
	openInferenceProject = "openinference.project.name"
	llmCostTotal         = "llm.cost.total"
	agentName            = "agent.name"
	tags                 = "tag.tags"
	metadata             = "metadata" // JSON
	outputValue          = "output.value"
	outputType           = "output.mime_type"
	annotation           = "annotations.0.annotation."
	traceAnnotation      = "trace.annotations.0.annotation."

	langfuseName     = "langfuse.trace.name"
	langfuseTags     = "langfuse.trace.tags"
	langfuseMetadata = "langfuse.trace.metadata."
	langfuseRelease  = "langfuse.release"
	langfuseVersion  = "langfuse.version"
	langfuseEnv      = "langfuse.environment"
	langfuseCost     = "langfuse.observation.cost_details"          // JSON
	langfuseFirst    = "langfuse.observation.completion_start_time" // when the first of an answer was there
	langfuseLevel    = "langfuse.observation.level"
	langfuseMessage  = "langfuse.observation.status_message"
)

// The names of our own. The reader of OTLP files in package ingest knows those
// of runs and of their steps.
const (
	andonSpan         = "andon.span.kind" // job, run, call, tool, subagent, decision, score, finding, override
	andonSession      = "andon.session.id"
	andonSubjectKind  = "andon.subject.kind"
	andonSubject      = "andon.subject.number"
	andonFormat       = "andon.trace.format"
	andonFiles        = "andon.trace.files"  // their names, without folders
	andonValid        = "andon.trace.valid"  // no line of it was unfit
	andonNoTime       = "andon.time.unknown" // start, end or both: the span's is made up
	andonAgent        = "andon.agent.name"   // only where a trace or a person gave one
	andonPath         = "andon.agent.instructions.path"
	andonHash         = "andon.agent.instructions.sha256"
	andonRuntime      = "andon.runtime.name"
	andonVersion      = "andon.runtime.version"
	andonForked       = "andon.run.forked_from"
	andonStatus       = "andon.run.status"
	andonModels       = "andon.run.models"
	andonFilesEdited  = "andon.changes.files_edited"
	andonLinesAdded   = "andon.changes.lines_added"
	andonLinesRemoved = "andon.changes.lines_removed"
	andonMade         = "andon.changes." // commits, pushes, pull_requests, reviews, comments, merges
	andonTurns        = "andon.run.turns"
	andonCalls        = "andon.run.llm_calls"
	andonToolCalls    = "andon.run.tool_calls"
	andonToolErrors   = "andon.run.tool_errors"
	andonDenials      = "andon.run.permission_denials"
	andonSubagents    = "andon.run.subagents"
	andonDuration     = "andon.run.duration_ms"
	andonReported     = "andon.run.reported_cost_usd"
	andonDropped      = "andon.run.steps_dropped"
	andonErrors       = "andon.run.llm_errors"
	andonSecrets      = "andon.secrets.findings"
	andonAggregated   = "andon.llm.aggregated" // the span stands for several calls
	andonPartial      = "andon.llm.partial"    // only its beginning was seen
	andonCache1h      = "andon.llm.cache_write_1h_tokens"
	andonCostSource   = "andon.cost.source"
	andonAllocated    = "andon.cost.allocated" // a share of what the run cost
	andonSubagent     = "andon.subagent.id"
	andonSubagentName = "andon.subagent.name"
	andonParent       = "andon.subagent.parent"
	andonImplied      = "andon.subagent.implied" // only its steps tell of it
	andonStarter      = "andon.subagent.tool"    // the call that started it
	andonSubStatus    = "andon.subagent.status"
	andonExitCode     = "andon.tool.exit_code"
	andonDenied       = "andon.tool.denied"
	andonDone         = "andon.tool.done"
	andonToolDuration = "andon.tool.duration_ms" // as the agent states it
	andonFailed       = "andon.tool.failed"
	andonDecision     = "andon.decision.name"
	andonSource       = "andon.decision.source"
	andonFindings     = "andon.decision.findings"
	andonComposed     = "andon.decision.composed_from"
	andonSummary      = "andon.decision.summary"
	andonJudge        = "andon.score.judge"
	andonRule         = "andon.finding.rule"
	andonDetector     = "andon.detector"
	andonOutcome      = "andon.outcome"
	andonGap          = "andon.trace.state" // why there is none
	andonSeverity     = "andon.finding.severity"
	andonText         = "andon.finding.message"
	andonLine         = "andon.finding.line"
	andonOverride     = "andon.override."
	andonLink         = "andon.link"           // of a link: why it is there
	andonCut          = "andon.attributes.cut" // how many values of the span were cut short
)
