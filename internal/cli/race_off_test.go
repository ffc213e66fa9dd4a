//go:build !race

package cli

// raceDetector says that the race detector is at work, which makes everything
// take ten times as long.
const raceDetector = false
