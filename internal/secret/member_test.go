package secret

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// shapes are the ways in which a name and its value can stand apart. NAME is
// the name, VALUE the credential.
func shapes() map[string]string {
	return map[string]string{
		"name, value":        `{"name":"NAME","value":"VALUE"}`,
		"value, name":        `{"value":"VALUE","name":"NAME"}`,
		"spaced":             `{ "name": "NAME", "value": "VALUE" }`,
		"over lines":         "{\n  \"name\": \"NAME\",\n  \"value\": \"VALUE\"\n}",
		"Name, Value":        `{"Name":"NAME","Value":"VALUE"}`,
		"key, value":         `{"key":"NAME","value":"VALUE","type":"text"}`,
		"key, val":           `{"key":"NAME","val":"VALUE"}`,
		"k, v":               `{"k":"NAME","v":"VALUE"}`,
		"one between":        `{"name":"NAME","type":"plain","value":"VALUE"}`,
		"two between":        `{"name":"NAME","enabled":true,"type":"text","value":"VALUE"}`,
		"of a store":         `{"Name":"/prod/NAME","Type":"SecureString","Value":"VALUE","Version":1}`,
		"of Terraform":       `{"address":"v","name":"NAME","values":{"value":"VALUE"}}`,
		"content":            `{"variable":"NAME","content":"VALUE"}`,
		"header, value":      `{"header":"NAME","value":"VALUE"}`,
		"pair":               `["NAME","VALUE"]`,
		"pair, spaced":       `["NAME", "VALUE"]`,
		"pairs":              `[["Accept","*/*"],["NAME","VALUE"]]`,
		"flat headers":       `{"rawHeaders":["Host","api.example.com","NAME","VALUE"]}`,
		"list of values":     `{"NAME":["VALUE"]}`,
		"Env of a container": `{"Config":{"Env":["PATH=/bin","NAME=VALUE","HOME=/"]}}`,
		"object in object":   `{"NAME":{"value":"VALUE"}}`,
		"object, default":    `{"NAME":{"type":"string","default":"VALUE"}}`,
		"YAML":               "- name: NAME\n  value: VALUE\n",
		"YAML, quoted":       "- name: \"NAME\"\n  value: \"VALUE\"\n",
		"YAML, value first":  "- value: VALUE\n  name: NAME\n",
		"XML":                "<property><name>NAME</name><value>VALUE</value></property>",
		"XML, attribute":     `<string name="NAME">VALUE</string>`,
		"XML, attributes":    `<env name="NAME" value="VALUE"/>`,
		"HCL":                "{ name = \"NAME\", value = \"VALUE\" }",
		"GraphQL":            `mutation { set(input: {name: "NAME", value: "VALUE"}) { ok } }`,
		"Python, pair":       `("NAME", "VALUE")`,
		"Python, call":       `os.environ.setdefault("NAME", "VALUE")`,
		"JavaScript, call":   "localStorage.setItem('NAME', 'VALUE')",
		"headers.set":        `req.Header.Set("NAME", "VALUE")`,
		"docker run":         "docker run -e NAME=VALUE image",
		"docker build":       "docker build --build-arg NAME=VALUE .",
		"kubectl":            "kubectl create secret generic x --from-literal=NAME=VALUE",
		"helm":               "helm upgrade x --set auth.NAME=VALUE",
		"gh":                 "gh secret set NAME --body VALUE",
		"gh, quoted":         `gh secret set NAME -b "VALUE"`,
		"flag":               "deploy --NAME VALUE",
		"flag, pair":         `["deploy","--NAME","VALUE"]`,
		"export":             "export NAME='VALUE'",
		"setx":               `setx NAME "VALUE"`,
		"PowerShell":         `$env:NAME = "VALUE"`,
		"Dockerfile":         "ENV NAME VALUE",
		"make":               "NAME := VALUE",
		"Markdown":           "| NAME | VALUE |",
		"Markdown, code":     "| `NAME` | `VALUE` |",
		"in words":           "The NAME is VALUE",
		"in words, code":     "I set `NAME` to `VALUE`.",
	}
}

// TestMembers holds that a value is found by a name that stands apart from it.
func TestMembers(t *testing.T) {
	s, plainly := scanner(t), encoder{rand.New(rand.NewPCG(1, 3)), 0}
	for shape, form := range shapes() {
		for i, name := range []string{"DB_PASSWORD", "API_KEY", "x-auth-token", "clientSecret"} {
			for _, value := range []string{"{24*A}", "{32*H}", "{40*A}"} {
				text := strings.NewReplacer("NAME", name, "VALUE", expand(value, uint64(i)+20)).Replace(form)
				once := plainly.nest(text, 1)
				twice := plainly.nest(text, 2)
				for level, doc := range []string{text, once, twice} {
					if len(s.Scan([]byte(doc))) == 0 {
						t.Errorf("%s, %s, level %d: nothing is found in %s", shape, value, level, doc)
					}
				}
			}
		}
	}
}
