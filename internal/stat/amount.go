package stat

import "math"

// Amount is an amount, such as a cost or a duration, on a scale of steps of 1 %,
// from about 1e-9 to 1e12: so it takes two bytes, and is off by 0.5 % at most. 0 is one
// that was not measured.
type Amount uint16

const (
	amountStep   = 0.01 // of the natural logarithm
	amountOfZero = 1    // nothing at all, such as the cost of a run that made no call
	amountOfOne  = 2500 // the amount of 1
)

// AmountMax is the largest Amount; what is more counts as that.
const AmountMax Amount = 5500

// AmountOf returns the amount nearest to x; none for a value that is negative or not
// finite.
func AmountOf(x float64) Amount {
	switch {
	case !(x >= 0) || math.IsInf(x, 1):
		return 0
	case x == 0:
		return amountOfZero
	}
	steps := math.Round(math.Log(x)/amountStep) + amountOfOne
	return Amount(min(max(steps, amountOfZero+1), float64(AmountMax)))
}

// Known reports whether the amount was measured.
func (a Amount) Known() bool { return a > 0 }

// Positive reports whether the amount has a logarithm.
func (a Amount) Positive() bool { return a > amountOfZero }

// Log returns the natural logarithm of an amount that is positive.
func (a Amount) Log() float64 { return (float64(a) - amountOfOne) * amountStep }

// Value returns the amount as a number; 0 for none.
func (a Amount) Value() float64 {
	if !a.Positive() {
		return 0
	}
	return math.Exp(a.Log())
}
