// Package issue plans what to post: which comment to write, to edit or to leave
// as it is. It is for the commands that keep one comment up to date.
//
// The one design decision is that a plan is a pure function of what is there and
// what should be: a post is found by a marker that only its author's account is
// believed to have written, so that nobody can have theirs edited, and that a
// second post is not written because somebody quoted the first.
package issue

import (
	"fmt"
	"strings"
)

// Post is a comment that is there.
type Post struct {
	ID   int64
	Own  bool // written by the account that asks, as the forge says
	Body string
}

// Action is what to do with a post.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Edit is one step of a plan.
type Edit struct {
	Action Action
	ID     int64  // of the post; 0 for Create
	Body   string // empty for Delete
}

// Marker returns the first line of a post that is kept under a key. It does
// not show.
func Marker(key string) string { return fmt.Sprintf("<!-- andon:%s -->", key) }

// Plan returns what to do so that there is one own post with the key, and it
// says body. Posts are in order of time; of several own ones with the key, which
// two jobs at once can leave, the first is kept. Nothing is done where it says
// so already.
func Plan(posts []Post, key, body string) []Edit {
	body = Marker(key) + "\n" + body
	var edits []Edit
	found := false
	for _, p := range posts {
		switch {
		case !p.Own || !strings.HasPrefix(p.Body, Marker(key)):
		case found:
			edits = append(edits, Edit{Action: Delete, ID: p.ID})
		default:
			found = true
			if !same(p.Body, body) {
				edits = append(edits, Edit{Action: Update, ID: p.ID, Body: body})
			}
		}
	}
	if !found {
		edits = append(edits, Edit{Action: Create, Body: body})
	}
	return edits
}

// same compares texts as the forge keeps them, which may change the ends of
// lines and the end of the text.
func same(a, b string) bool {
	return strings.TrimSpace(strings.ReplaceAll(a, "\r\n", "\n")) == strings.TrimSpace(b)
}
