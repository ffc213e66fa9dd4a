package override

import (
	"encoding/json"
	"time"
)

// event is what is read of a payload.
type event struct {
	Action     string `json:"action"`
	Sender     user   `json:"sender"`
	Repository struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
		HTMLURL  string `json:"html_url"`
	} `json:"repository"`
	Pull    *pull    `json:"pull_request"`
	Issue   *issue   `json:"issue"`
	Review  *review  `json:"review"`
	Comment *comment `json:"comment"`
	Thread  *thread  `json:"thread"`
	Label   *struct {
		Name string `json:"name"`
	} `json:"label"`
	Before  string       `json:"before"`
	After   string       `json:"after"`
	Ref     string       `json:"ref"`
	Commits []pushCommit `json:"commits"`
}

type user struct {
	Login string `json:"login"`
	Type  string `json:"type"`
}

func (u user) actor() Actor { return Actor{Login: u.Login, Type: u.Type} }

type side struct {
	Ref  string `json:"ref"`
	SHA  string `json:"sha"`
	Repo *struct {
		FullName string `json:"full_name"`
	} `json:"repo"`
}

func (s side) branch() Branch {
	b := Branch{Ref: s.Ref, SHA: s.SHA}
	if s.Repo != nil {
		b.Repository = s.Repo.FullName
	}
	return b
}

type pull struct {
	Number    int       `json:"number"`
	HTMLURL   string    `json:"html_url"`
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	User      user      `json:"user"`
	Head      side      `json:"head"`
	Base      side      `json:"base"`
	Created   time.Time `json:"created_at"`
	Updated   time.Time `json:"updated_at"`
	Closed    time.Time `json:"closed_at"`
	Merged    bool      `json:"merged"`
	MergedAt  time.Time `json:"merged_at"`
	MergedBy  *user     `json:"merged_by"`
	MergeSHA  string    `json:"merge_commit_sha"`
	AutoMerge *struct {
		EnabledBy user `json:"enabled_by"`
	} `json:"auto_merge"`
}

type issue struct {
	Number  int              `json:"number"`
	HTMLURL string           `json:"html_url"`
	Title   string           `json:"title"`
	User    user             `json:"user"`
	Created time.Time        `json:"created_at"`
	Pull    *json.RawMessage `json:"pull_request"`
}

type review struct {
	ID          int64     `json:"id"`
	NodeID      string    `json:"node_id"`
	User        user      `json:"user"`
	Body        string    `json:"body"`
	State       string    `json:"state"`
	Commit      string    `json:"commit_id"`
	Submitted   time.Time `json:"submitted_at"`
	Association string    `json:"author_association"`
	HTMLURL     string    `json:"html_url"`
}

type app struct {
	Slug string `json:"slug"`
}

type comment struct {
	ID          int64     `json:"id"`
	User        user      `json:"user"`
	App         *app      `json:"performed_via_github_app"`
	Association string    `json:"author_association"`
	Body        string    `json:"body"`
	Created     time.Time `json:"created_at"`
	HTMLURL     string    `json:"html_url"`
	Path        string    `json:"path"`
	Position    *int      `json:"position"`
	Placed      *int      `json:"original_position"`
	About       string    `json:"subject_type"`
	Original    string    `json:"original_commit_id"`
	Review      int64     `json:"pull_request_review_id"`
}

func (m comment) comment() Comment {
	c := Comment{
		ID: m.ID, Author: m.User.actor(), Association: m.Association, Time: m.Created, Body: m.Body, URL: m.HTMLURL, ReviewID: m.Review,
	}
	if m.App != nil {
		c.Author.App = m.App.Slug
	}
	return c
}

type thread struct {
	NodeID   string    `json:"node_id"`
	Comments []comment `json:"comments"`
}

type pushCommit struct {
	ID        string    `json:"id"`
	Message   string    `json:"message"`
	Timestamp time.Time `json:"timestamp"`
	URL       string    `json:"url"`
	Author    struct {
		Name     string `json:"name"`
		Email    string `json:"email"`
		Username string `json:"username"`
	} `json:"author"`
}
