package issue

import (
	"slices"
	"testing"
)

func TestPlan(t *testing.T) {
	const key = "session"
	ours := Marker(key) + "\nbody"
	for _, tt := range []struct {
		name  string
		posts []Post
		want  []Edit
	}{
		{"none there", nil, []Edit{{Create, 0, ours}}},
		{"the same", []Post{{1, true, ours}}, nil},
		{"the same as the forge keeps it", []Post{{1, true, Marker(key) + "\r\nbody\r\n"}}, nil},
		{"changed", []Post{{1, true, Marker(key) + "\nold"}}, []Edit{{Update, 1, ours}}},
		{"forged by another account", []Post{{1, false, Marker(key) + "\nold"}}, []Edit{{Create, 0, ours}}},
		{"forged, and ours after it", []Post{{1, false, ours}, {2, true, ours}}, nil},
		{"quoted in a text of our own account", []Post{{1, true, "> " + Marker(key) + "\nold"}}, []Edit{{Create, 0, ours}}},
		{"of another key", []Post{{1, true, Marker("report") + "\nold"}}, []Edit{{Create, 0, ours}}},
		{"a key that begins the same", []Post{{1, true, Marker(key+"s") + "\nold"}}, []Edit{{Create, 0, ours}}},
		{"twice", []Post{{1, true, Marker(key) + "\nold"}, {2, true, ours}}, []Edit{{Update, 1, ours}, {Delete, 2, ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Plan(tt.posts, key, "body"); !slices.Equal(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
