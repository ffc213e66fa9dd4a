package github

import (
	"fmt"
	"strings"
	"time"
)

// Budget is what a command has asked the forge for.
type Budget struct {
	REST        int           // requests, every attempt counted
	GraphQL     int           // queries, every attempt counted
	NotModified int           // of REST, answered from what was stored; they do not count against the limit
	Writes      int           // of REST, those that change something
	Retries     int           // of both, attempts after the first
	Downloads   int           // of artifacts, from outside the API
	Waited      time.Duration // for limits and between attempts
	Limit       int           // of REST in an hour; 0 is not known
	Remaining   int           // of it
	Reset       time.Time     // when it is whole again
}

// String returns the budget in one line.
func (b Budget) String() string {
	parts := []string{plural(b.REST, "request", "requests")}
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(b.NotModified, "of them not modified")
	add(b.Writes, "of them writing")
	add(b.GraphQL, "by GraphQL")
	add(b.Retries, "tried again")
	add(b.Downloads, "downloaded")
	if b.Waited > 0 {
		parts = append(parts, "waited "+b.Waited.Round(time.Second).String())
	}
	if b.Limit > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d an hour left", b.Remaining, b.Limit))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
