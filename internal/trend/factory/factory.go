// Package factory simulates a history of agents' runs with effects planted in
// it, for the tests that measure what package trend finds and what it makes up.
//
// The same Plan gives the same history: everything random comes from its seed.
package factory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Plan says what to simulate.
type Plan struct {
	Seed   uint64
	Start  time.Time // the first day
	Days   int
	Agents []Agent
}

// Agent is one role and how its runs come out.
type Agent struct {
	Name         string
	Repositories []string
	Models       []Model
	RunsPerDay   float64 // on a working day
	Weekend      float64 // share of that on Saturdays and Sundays
	Office       bool    // the runs come from 7 to 19 o'clock, not at any time

	Cost    float64    // median, in US dollars
	Latency float64    // median, in milliseconds
	Sigma   float64    // of their logarithms
	Tail    Tail       // of their logarithms
	Weekday [7]float64 // added to the logarithms on each day of the week, from Sunday
	Wander  float64    // standard deviation of what all runs of a day have in common, of the logarithms

	Errors       float64    // share of the runs that fail
	Decisions    []Decision // of those that do not
	Overrides    float64    // share of the decisions that are overruled
	OverrideDays float64    // mean delay of an override, in days

	Effects []Effect
}

// Model is one that an agent runs on.
type Model struct {
	Name  string
	Share float64 // of the runs
	Cost  float64 // times the agent's
}

// Decision is one that an agent makes.
type Decision struct {
	Kind  string
	Share float64
}

// Tail is the shape of a distribution's ends.
type Tail int

// The tails, from light to heavy.
const (
	Normal  Tail = iota
	Mixed        // one run in twenty varies three times as much
	Student      // Student's t with five degrees of freedom
	Pareto       // exponential in the logarithm, upwards
)

// Effect is what happens to an agent from a day on.
type Effect struct {
	Kind Kind
	Day  int     // from 0
	Days int     // how long; 0 is to the end
	Size float64 // see Kind
}

// Kind is what an effect changes.
type Kind string

// The kinds of effects, and what Size is.
const (
	CostRun      Kind = "cost-run"     // one run's cost is Size times the median
	LatencyRun   Kind = "latency-run"  // one run's latency is Size times the median
	Loop         Kind = "loop"         // one run goes in circles, at Size times the median cost
	ErrorRate    Kind = "error-rate"   // the share of failed runs is Size
	DecisionRate Kind = "decision"     // Size of the share of the first decision goes to the second
	CostDrift    Kind = "cost-drift"   // the cost grows by Size a day
	CostStep     Kind = "cost-step"    // the cost is Size times what it was
	OverrideRate Kind = "override"     // the share of overruled decisions is Size
	Instructions Kind = "instructions" // the hash of the instructions is another
	NewModel     Kind = "model"        // all runs are on another model, at Size times the cost
	Runtime      Kind = "runtime"      // the version of the runtime is another
	Burst        Kind = "burst"        // Size runs more within one hour
)

// Day is a simulated date.
type Day struct {
	Date      time.Time
	Runs      [][]byte // lines
	Overrides [][]byte // lines; by the date on which people acted, not that of the run
}

// Planted names a run that an effect made, or the day on which one began.
type Planted struct {
	Agent string
	Effect
	Date  string
	RunID string
}

// Simulate returns the days of a plan, and what was planted.
func Simulate(p Plan) ([]Day, []Planted) {
	s := &simulation{Plan: p, days: make([]Day, p.Days)}
	for i := range s.days {
		s.days[i].Date = p.Start.AddDate(0, 0, i)
	}
	for i, a := range p.Agents {
		s.random = rand.New(rand.NewPCG(p.Seed, uint64(i)))
		for day := range s.days {
			s.agentDay(a, day)
		}
	}
	return s.days, s.planted
}

type simulation struct {
	Plan
	random  *rand.Rand
	days    []Day
	planted []Planted
	runs    int
}

// now is an agent as it is on a day.
type now struct {
	Agent
	day      int
	shift    float64 // of the logarithm of the cost
	common   float64 // of the logarithms of all runs of the day
	hash     int     // which instructions
	runtime  int     // which version
	singular []Effect
}

func (s *simulation) agentDay(a Agent, day int) {
	n := now{Agent: a, day: day, common: s.random.NormFloat64() * a.Wander}
	n.Decisions = slices.Clone(a.Decisions)
	n.common += a.Weekday[s.days[day].Date.Weekday()]
	extra := 0
	for _, e := range a.Effects {
		if day < e.Day || e.Days > 0 && day >= e.Day+e.Days {
			continue
		}
		if day == e.Day {
			s.planted = append(s.planted, Planted{Agent: a.Name, Effect: e, Date: s.date(day)})
		}
		extra += n.apply(e)
	}
	mean := a.RunsPerDay
	if w := s.days[day].Date.Weekday(); w == time.Saturday || w == time.Sunday {
		mean *= a.Weekend
	}
	for range s.poisson(mean) {
		s.run(&n, s.moment(n.Office))
	}
	hour := 8 + s.random.IntN(12)
	for range extra {
		s.run(&n, time.Duration(hour)*time.Hour+s.within(time.Hour))
	}
	for len(n.singular) > 0 {
		s.run(&n, s.moment(n.Office))
	}
}

// apply changes an agent as an effect has it, and returns how many runs it adds.
func (n *now) apply(e Effect) (extra int) {
	switch e.Kind {
	case CostRun, LatencyRun, Loop:
		if n.day == e.Day {
			n.singular = append(n.singular, e)
		}
	case ErrorRate:
		n.Errors = e.Size
	case DecisionRate:
		n.Decisions[0].Share -= e.Size
		n.Decisions[1].Share += e.Size
	case CostDrift:
		n.shift += float64(n.day-e.Day+1) * log(1+e.Size)
	case CostStep:
		n.shift += log(e.Size)
	case OverrideRate:
		n.Overrides = e.Size
	case Instructions:
		n.hash++
	case NewModel:
		n.Models = []Model{{Name: fmt.Sprintf("model-of-day-%d", e.Day), Share: 1, Cost: e.Size}}
	case Runtime:
		n.runtime++
	case Burst:
		if n.day == e.Day {
			return int(e.Size)
		}
	}
	return 0
}

func (s *simulation) date(day int) string { return s.days[day].Date.Format(time.DateOnly) }
