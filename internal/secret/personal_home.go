package secret

import "bytes"

// maxName bounds the name of a home folder, in bytes.
const maxName = 64

// home looks for the name behind the word under which home folders are: in
// paths, however their separators are escaped, and in names that Claude Code
// makes of paths, such as -home-alice-repo.
func (p *Personal) home(raw []byte, i int, word string) int {
	next := i + 1
	if i == 0 || !bytes.HasPrefix(raw[i:], []byte(word)) {
		return next
	}
	start, end := i+len(word), 0
	switch last := raw[i-1]; {
	case last == '-' && start < len(raw) && raw[start] == '-' && i > 1 && bytes.IndexByte([]byte(`-/\"' `), raw[i-2]) >= 0:
		start++
		end = nameEnd(raw, start, false)
	case last == '/' || last == '\\' && word == "Users":
		before, after := separatorBefore(raw, i), separatorAfter(raw, start)
		if after == 0 || (raw[start+after-1] == '/') != (last == '/') || last == '\\' && before != after || !isRoot(raw, i-before) {
			return next
		}
		start += after
		end = nameEnd(raw, start, true)
		if last == '\\' {
			end = spacedEnd(raw, end)
		}
	}
	if end <= start || p.rules[homeRule].keeps(string(raw[start:end])) {
		return next
	}
	return p.add(homeRule, start, end, string(raw[start:end]))
}

// separatorBefore returns the length of the separator of a path that ends at an
// offset: a slash or a backslash, with what escapes it.
func separatorBefore(raw []byte, end int) int {
	i := end
	if raw[i-1] == '/' {
		i--
	}
	for i > 0 && raw[i-1] == '\\' {
		i--
	}
	return end - i
}

// separatorAfter returns the length of the one at an offset.
func separatorAfter(raw []byte, start int) int {
	i := start
	for i < len(raw) && raw[i] == '\\' {
		i++
	}
	if i < len(raw) && raw[i] == '/' {
		i++
	}
	return i - start
}

// isRoot reports whether a path at an offset begins there, or in a folder under
// which home folders are mounted.
func isRoot(raw []byte, at int) bool {
	if at == 0 {
		return true
	}
	if boundary(raw, at) {
		return bytes.IndexByte([]byte(".~}*-)]>$%"), raw[at-1]) < 0
	}
	i := at
	for i > 0 && at-i < 8 && isWord(raw[i-1]) {
		i--
	}
	switch parent := string(raw[i:at]); parent {
	case "var", "usr", "export", "mnt", "host", "rootfs", "Data":
		return i > 0 && raw[i-1] == '/'
	default:
		return len(parent) == 1 && (i == 0 || raw[i-1] == '/')
	}
}

// nameEnd returns where the name of an account ends that begins at an offset.
func nameEnd(raw []byte, start int, dashes bool) int {
	i := start
	for i < len(raw) && i-start < maxName && (isWord(raw[i]) || raw[i] >= 0x80 || i > start && dashes && bytes.IndexByte([]byte("-.+@"), raw[i]) >= 0) {
		i++
	}
	for i > start && bytes.IndexByte([]byte("-.+@"), raw[i-1]) >= 0 {
		i--
	}
	return i
}

// spacedEnd returns where a name ends that has spaces in it, as they are allowed
// on Windows: before a backslash.
func spacedEnd(raw []byte, end int) int {
	for i := end; i < len(raw) && i-end < maxName; i++ {
		if raw[i] == '\\' {
			return i
		} else if raw[i] != ' ' && !isWord(raw[i]) && raw[i] < 0x80 {
			break
		}
	}
	return end
}
