package fake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/vektah/gqlparser/v2/ast"
)

// selection answers a query out of data that has the names of the schema: the
// fields that are asked for and no others, and of a list the page.
type selection struct {
	forge     *Forge
	schema    *ast.Schema
	variables map[string]any
	errors    []any
}

// missing adds the error for what is not there.
func (s *selection) missing(what string, name any, path ...any) {
	s.errors = append(s.errors, map[string]any{"type": "NOT_FOUND", "path": path, "message": fmt.Sprintf("Could not resolve to a %s of %v.", what, name)})
}

// object returns what a query asks of an object. The type is the object's
// where the data names none.
func (s *selection) object(set ast.SelectionSet, typ string, data map[string]any) map[string]any {
	if name, ok := data["__typename"].(string); ok {
		typ = name
	}
	out := map[string]any{}
	for _, selected := range set {
		switch x := selected.(type) {
		case *ast.FragmentSpread:
			s.fragment(out, x.Definition.SelectionSet, x.Definition.TypeCondition, typ, data)
		case *ast.InlineFragment:
			s.fragment(out, x.SelectionSet, x.TypeCondition, typ, data)
		case *ast.Field:
			if included(x, s.variables) {
				out[x.Alias] = s.field(x, typ, data)
			}
		}
	}
	return out
}

func (s *selection) fragment(out map[string]any, set ast.SelectionSet, condition, typ string, data map[string]any) {
	is := func(d *ast.Definition) bool { return d.Name == typ }
	if condition != "" && condition != typ && !slices.ContainsFunc(s.schema.PossibleTypes[condition], is) {
		return
	}
	for k, v := range s.object(set, typ, data) {
		out[k] = v
	}
}

func included(x *ast.Field, variables map[string]any) bool {
	d := x.Directives.ForName("include")
	return d == nil || d.ArgumentMap(variables)["if"] == true
}

// requests counts the lists that a query would ask for if each were as long as it
// may be, by which GitHub counts points:
// https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
func requests(set ast.SelectionSet, variables map[string]any, times int) int {
	n := 0
	for _, selected := range set {
		switch x := selected.(type) {
		case *ast.FragmentSpread:
			n += requests(x.Definition.SelectionSet, variables, times)
		case *ast.InlineFragment:
			n += requests(x.SelectionSet, variables, times)
		case *ast.Field:
			if !included(x, variables) {
				continue
			}
			within := times
			if first, err := strconv.Atoi(fmt.Sprint(x.ArgumentMap(variables)["first"])); err == nil {
				n, within = n+times, times*first
			}
			n += requests(x.SelectionSet, variables, within)
		}
	}
	return n
}

func (s *selection) field(x *ast.Field, typ string, data map[string]any) any {
	if x.Name == "__typename" {
		return typ
	}
	t, v := x.Definition.Type, data[x.Name]
	if typ == "PullRequest" && slices.Contains(s.forge.denied, x.Name) {
		s.errors = append(s.errors, map[string]any{
			"type": "FORBIDDEN", "path": []any{"repository", "pullRequest", x.Name}, "message": "Resource not accessible by integration",
		})
		return nil
	}
	if strings.HasSuffix(t.Name(), "Connection") {
		all, _ := v.([]any)
		return s.page(x, t.Name(), all)
	}
	if v == nil && t.NonNull {
		s.forge.t.Errorf("the forge's data lacks %s.%s, which GitHub always has", typ, x.Name)
	}
	return s.value(x, t.Name(), v)
}

func (s *selection) value(x *ast.Field, typ string, v any) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, s.value(x, typ, e))
		}
		return out
	case map[string]any:
		if v == nil {
			return nil
		}
		return s.object(x.SelectionSet, typ, v)
	}
	return v
}

// page returns the part of a list that the arguments ask for. A cursor is the
// number of elements before the page.
func (s *selection) page(x *ast.Field, typ string, all []any) map[string]any {
	args := x.ArgumentMap(s.variables)
	all = slices.DeleteFunc(slices.Clone(all), func(e any) bool { return !wanted(args, e) })
	from := 0
	if after, ok := args["after"].(string); ok {
		from, _ = strconv.Atoi(after) // 0 where it is none of ours
	}
	first, err := strconv.Atoi(fmt.Sprint(args["first"]))
	if (err != nil || first < 1 || first > 100) && !total(x.SelectionSet) {
		s.forge.t.Errorf("%s: GitHub takes from 1 to 100 for first", x.Name)
	}
	to := min(from+first, len(all))
	return s.object(x.SelectionSet, typ, map[string]any{
		"totalCount": len(all), "nodes": append([]any{}, all[min(from, to):to]...),
		"pageInfo": map[string]any{"hasNextPage": to < len(all), "endCursor": fmt.Sprint(to)},
	})
}

// total reports whether a list is asked for its length alone, which needs no
// bounds.
func total(set ast.SelectionSet) bool {
	f, ok := set[0].(*ast.Field)
	return ok && len(set) == 1 && f.Name == "totalCount"
}

// wanted reports whether an element passes the filters of a list.
func wanted(args map[string]any, e any) bool {
	m, _ := e.(map[string]any)
	if types, ok := args["itemTypes"].([]any); ok && !slices.Contains(types, any(itemType(m["__typename"].(string)))) {
		return false
	}
	committer, _ := m["committer"].(map[string]any)
	date, _ := committer["date"].(string)
	since, _ := args["since"].(string)
	until, _ := args["until"].(string)
	return (since == "" || date >= since) && (until == "" || date <= until)
}

// itemType returns the name by which a timeline is asked for a type.
func itemType(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
