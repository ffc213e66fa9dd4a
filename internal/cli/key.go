package cli

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/andon-ci/andon/internal/finding"
	"github.com/andon-ci/andon/internal/session"
	"github.com/andon-ci/andon/internal/trace"
)

// keyFlags are the flags that say what the traces are about.
type keyFlags struct {
	repository string
	pr         int
	sha        string
	event      string
	eventName  string
}

// pipeline is the workflow run that the command runs in.
type pipeline struct {
	ID        string    `json:"id,omitempty"`
	Attempt   string    `json:"attempt,omitempty"`
	Job       string    `json:"job,omitempty"`
	Workflow  string    `json:"workflow,omitempty"`
	Event     string    `json:"event,omitempty"`
	Fork      bool      `json:"fork,omitempty"`         // in a history: it ran what a fork brought
	CreatedAt time.Time `json:"created_at,omitzero"`    // in a history: when the event made it
	CheckRun  string    `json:"check_run_id,omitempty"` // the job's id at the forge
	Matrix    string    `json:"matrix,omitempty"`       // tells the jobs of one key apart
}

func pipelineOf(getenv func(string) string) *pipeline {
	p := pipeline{
		ID: getenv("GITHUB_RUN_ID"), Attempt: getenv("GITHUB_RUN_ATTEMPT"), Job: getenv("GITHUB_JOB"),
		Workflow: getenv("GITHUB_WORKFLOW"), Event: getenv("GITHUB_EVENT_NAME"),
		CheckRun: getenv("ANDON_CHECK_RUN_ID"), Matrix: matrixOf(getenv),
	}
	if p.ID == "" {
		return nil
	}
	return &p
}

// matrixOf returns what tells the jobs of a matrix apart, empty for none.
func matrixOf(getenv func(string) string) string {
	m := strings.TrimSpace(getenv("ANDON_MATRIX"))
	if m == "" || m == "null" || m == "{}" {
		return ""
	}
	sum := sha256.Sum256([]byte(m))
	return hex.EncodeToString(sum[:4])
}

var (
	validSHA  = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)
	validRepo = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)
)

// key says what the traces are about: what the flags say, then the event, then
// the environment. What a trace says itself comes last, in session.Correlate.
func (k keyFlags) key(env Env) (session.Key, []finding.Finding, error) {
	if k.sha != "" && !validSHA.MatchString(k.sha) {
		return session.Key{}, nil, usage(fmt.Sprintf("--sha %q is not a commit", k.sha), "--sha takes 7 to 64 hex digits, as `git rev-parse HEAD` prints them")
	}
	if k.repository != "" && !validRepo.MatchString(k.repository) {
		return session.Key{}, nil, usage(fmt.Sprintf("--repository %q is not a repository", k.repository), "--repository takes owner/name")
	}
	input := session.Key{Repository: k.repository, HeadSHA: strings.ToLower(k.sha), Source: session.KeyFromInput}
	switch {
	case k.pr > 0:
		input.Subject = session.Subject{Kind: "pull_request", Number: k.pr}
	case k.sha != "":
		input.Subject.Kind = "commit"
	}
	event, findings := k.fromEvent(env)
	if k.sha != "" && k.pr == 0 && event.Subject.Kind != "" {
		input.Subject.Kind = "" // the event may know the pull request of the commit
	}
	key := input.Or(event).Or(fromEnv(env.Getenv))
	if key.Subject.Kind == "" && key.HeadSHA != "" {
		key.Subject.Kind = "commit"
	}
	return key, findings, nil
}

// maxEvent bounds an event's payload. GitHub's own limit is 25 MB.
const maxEvent = 32 << 20

// eventOf returns the file with the event's payload, and the event's name.
func (k keyFlags) eventOf(env Env) (path, name string) {
	return cmp.Or(k.event, env.Getenv("GITHUB_EVENT_PATH")), cmp.Or(k.eventName, env.Getenv("GITHUB_EVENT_NAME"))
}

func (k keyFlags) fromEvent(env Env) (session.Key, []finding.Finding) {
	path, name := k.eventOf(env)
	if path == "" {
		return session.Key{}, nil
	}
	p, err := readEvent(path)
	if err != nil {
		return session.Key{}, []finding.Finding{{
			Rule: "input/event", Severity: finding.Warning, Message: "the event cannot be read: " + err.Error(),
			Hint: "--event takes the file that $GITHUB_EVENT_PATH names; the key was taken from elsewhere", Pos: trace.Pos{File: path},
		}}
	}
	key := p.key(name)
	if !key.Empty() {
		key.Source = session.KeyFromEvent
	}
	return key, nil
}

// payload is what the key and the base of the configuration need of an event.
type payload struct {
	Repository struct {
		FullName      string `json:"full_name"`
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
	Number      int      `json:"number"`
	PullRequest *change  `json:"pull_request"`
	Issue       *subject `json:"issue"`
	WorkflowRun *struct {
		ID           int64    `json:"id"`
		Attempt      int      `json:"run_attempt"`
		Event        string   `json:"event"` // that started the run
		HeadSHA      string   `json:"head_sha"`
		HeadBranch   string   `json:"head_branch"`
		Origin       origin   `json:"head_repository"`
		PullRequests []change `json:"pull_requests"`
	} `json:"workflow_run"`
	CheckRun *struct {
		HeadSHA      string   `json:"head_sha"`
		PullRequests []change `json:"pull_requests"`
	} `json:"check_run"`
	CheckSuite *struct {
		PullRequests []change `json:"pull_requests"`
	} `json:"check_suite"`
	MergeGroup *struct {
		BaseRef string `json:"base_ref"`
		BaseSHA string `json:"base_sha"`
	} `json:"merge_group"`
	After string `json:"after"`
}

type change struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	State  string `json:"state"`
	Draft  bool   `json:"draft"`
	Merged bool   `json:"merged"`
	Head   struct {
		SHA string `json:"sha"`
	} `json:"head"`
	Base struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	} `json:"base"`
}

// origin is the repository that the head of a workflow run came from.
type origin struct {
	Owner struct {
		Login string `json:"login"`
	} `json:"owner"`
}

type subject struct {
	Number      int              `json:"number"`
	PullRequest *json.RawMessage `json:"pull_request"`
}

// origin returns the account and the branch that the head of the event's
// workflow run came from, empty for another event.
func (k keyFlags) origin(env Env) (account, branch string) {
	path, _ := k.eventOf(env)
	if p, err := readEvent(path); err == nil && p.WorkflowRun != nil { // key says where it cannot be read
		return p.WorkflowRun.Origin.Owner.Login, p.WorkflowRun.HeadBranch
	}
	return "", ""
}

func readEvent(path string) (*payload, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s", reason(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxEvent))
	if err != nil {
		return nil, fmt.Errorf("%s", reason(err))
	}
	var p payload
	if json.Unmarshal(b, &p) != nil {
		return nil, fmt.Errorf("not the JSON of an event") // never its text: it may hold anything
	}
	return &p, nil
}

// key returns what an event is about. For a pull request that is its head, and
// not the merge commit that GITHUB_SHA names.
func (p *payload) key(name string) session.Key {
	k := session.Key{}
	if validRepo.MatchString(p.Repository.FullName) {
		k.Repository = p.Repository.FullName
	}
	pull := func(c change) session.Key {
		k.Subject = session.Subject{Kind: "pull_request", Number: c.Number}
		k.HeadSHA = commit(c.Head.SHA)
		return k
	}
	switch {
	case p.PullRequest != nil && p.PullRequest.Number > 0:
		return pull(*p.PullRequest)
	case p.Issue != nil && p.Issue.Number > 0 && p.Issue.PullRequest != nil:
		return pull(change{Number: p.Issue.Number})
	case p.Issue != nil && p.Issue.Number > 0:
		k.Subject = session.Subject{Kind: "issue", Number: p.Issue.Number}
	case p.WorkflowRun != nil:
		return p.ofCommit(k, p.WorkflowRun.HeadSHA, p.WorkflowRun.PullRequests)
	case p.CheckRun != nil:
		return p.ofCommit(k, p.CheckRun.HeadSHA, p.CheckRun.PullRequests)
	case name == "push" && commit(p.After) != "":
		k.Subject.Kind, k.HeadSHA = "commit", commit(p.After)
	}
	return k
}

func (p *payload) ofCommit(k session.Key, sha string, pulls []change) session.Key {
	k.HeadSHA = commit(sha)
	k.Subject.Kind = "commit"
	if len(pulls) == 1 && pulls[0].Number > 0 {
		k.Subject = session.Subject{Kind: "pull_request", Number: pulls[0].Number}
	}
	return k
}

// commit returns sha where it is one, and not the zeros of a deleted branch.
func commit(sha string) string {
	if !validSHA.MatchString(sha) || strings.Trim(sha, "0") == "" {
		return ""
	}
	return strings.ToLower(sha)
}

var pullRef = regexp.MustCompile(`^refs/pull/(\d+)/`)

// fromEnv returns what the variables of GitHub Actions say.
func fromEnv(getenv func(string) string) session.Key {
	k := session.Key{Source: session.KeyFromEnv}
	if repo := getenv("GITHUB_REPOSITORY"); validRepo.MatchString(repo) {
		k.Repository = repo
	}
	if run := getenv("GITHUB_RUN_ID"); run != "" {
		k.Pipeline = getenv("GITHUB_WORKFLOW") + "@" + run
	}
	switch event := getenv("GITHUB_EVENT_NAME"); {
	case strings.HasPrefix(event, "pull_request") || event == "merge_group":
		if m := pullRef.FindStringSubmatch(getenv("GITHUB_REF")); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits; 0 where there are too many
			k.Subject = session.Subject{Kind: "pull_request", Number: n}
		}
	case event == "schedule" || event == "workflow_dispatch" || event == "repository_dispatch":
		k.Subject.Kind, k.HeadSHA = event, commit(getenv("GITHUB_SHA"))
	case event == "issues" || event == "issue_comment":
		k.Subject.Kind = "issue"
	default:
		k.HeadSHA = commit(getenv("GITHUB_SHA"))
	}
	return k
}
