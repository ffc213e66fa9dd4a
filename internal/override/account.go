package override

// Who says who an account is.
func (a Accounts) Who(x Actor) Person { return a.actor(x).person() }

// Wrote says who wrote a commit: an agent, where the commit or who pushed it
// shows one.
func (a Accounts) Wrote(m Commit) Person { return a.commit(m).person() }
