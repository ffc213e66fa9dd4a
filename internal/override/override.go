// Package override finds out, from the history of a change, which acts of
// people contradict what an agent decided and which agree with it. It is for
// whoever reads a forge: the histories come from an event or from an API, and
// give the same records with the same ids.
//
// It decides nothing by text alone that the forge itself can tell, and says of
// each record how sure it is and by what: an act that cannot be told apart from
// its look-alikes is no record but a line of the coverage.
//
// It has more names and lines than other packages, because the History is what
// sources are written against, and because each signal has a file of its own.
package override
