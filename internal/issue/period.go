package issue

import (
	"fmt"
	"regexp"
	"strings"
)

// Issue is an issue that is there.
type Issue struct {
	Number int
	Own    bool // written by the account that asks, as the forge says
	Open   bool
	Title  string
	Body   string
}

// Close is the action on an issue whose time is over: an issue cannot be
// deleted, and what people wrote under it stays.
const Close Action = "close"

// Step is one step of a plan for issues.
type Step struct {
	Action Action
	Number int    // of the issue; 0 for Create
	Title  string // empty for Close
	Body   string // empty for Close
}

// words is what a marker may be made of.
var words = regexp.MustCompile(`[^0-9A-Za-z@/._-]+`)

func periodMarker(series, period string) string {
	return Marker(fmt.Sprintf("%s %s", words.ReplaceAllString(series, "-"), words.ReplaceAllString(period, "-")))
}

// PlanPeriod returns what to do so that there is one own issue of a series for a
// period, with this title and text, and no open one for an earlier period.
// Periods are ordered as strings are. Issues are the newest first; of several
// own ones for the period the oldest is kept. One that somebody has closed is
// kept up to date, and stays closed. Nothing is done where all is so already.
func PlanPeriod(issues []Issue, series, period, title, body string) []Step {
	marker := periodMarker(series, period)
	body = marker + "\n" + body
	first := -1
	var over []Step
	for i, is := range issues {
		if !is.Own {
			continue
		}
		switch p := periodOf(is.Body, series); {
		case p == period:
			if first >= 0 && issues[first].Open {
				over = append(over, Step{Action: Close, Number: issues[first].Number})
			}
			first = i
		case p != "" && p < period && is.Open:
			over = append(over, Step{Action: Close, Number: is.Number})
		}
	}
	switch {
	case first < 0:
		return append([]Step{{Action: Create, Title: title, Body: body}}, over...)
	case issues[first].Title == title && same(issues[first].Body, body):
		return over
	}
	return append([]Step{{Action: Update, Number: issues[first].Number, Title: title, Body: body}}, over...)
}

// periodOf returns the period that an issue's marker names, empty for an issue
// of no or of another series.
func periodOf(body, series string) string {
	line, _, _ := strings.Cut(strings.ReplaceAll(body, "\r\n", "\n"), "\n")
	period := line[strings.LastIndexByte(strings.TrimSuffix(line, " -->"), ' ')+1:]
	period = strings.TrimSuffix(period, " -->")
	if line != periodMarker(series, period) {
		return ""
	}
	return period
}
