package main

import "strings"

func lower(s string) string { return strings.ToLower(s) }

// skipped are the rules that package secret has its own of, or that find no
// credential by themselves.
func skipped() map[string]bool {
	return map[string]bool{
		"generic-api-key":        true, // the assignment of a value to a name that says what it is
		"private-key":            true,
		"curl-auth-header":       true,
		"curl-auth-user":         true,
		"kubernetes-secret-yaml": true,
		"pkcs12-file":            true,                              // by the name of a file
		"asaas-api-token":        true, "gcp-service-account": true, // it looks like a variable
		"airtable-oauth-token":                true, // too short to be told from anything else
		"couchbase-capella-api-key":           true,
		"hashicorp-tf-password":               true,
		"nuget-config-password":               true,
		"snowflake-password":                  true,
		"jwt":                                 true,
		"gcp-application-default-credentials": true,
		"jwt-base64":                          true,

		// Package secret's own rules find at least as much.
		"github-app-token": true, "github-fine-grained-pat": true, "github-oauth": true, "github-pat": true, "github-refresh-token": true,
		"anthropic-api-key": true, "anthropic-admin-api-key": true, "openai-api-key": true, "npm-access-token": true, "pypi-upload-token": true,
		"digitalocean-access-token": true, "digitalocean-pat": true, "digitalocean-refresh-token": true, "slack-webhook-url": true,
		"gcp-api-key": true, "databricks-api-token": true, "age-secret-key": true, "linear-api-key": true, "notion-api-token": true,
		"postman-api-token": true, "rubygems-api-token": true, "perplexity-api-key": true, "sendgrid-api-token": true,
		"huggingface-access-token": true, "mongodb-connection-string": true, "stripe-access-token": true,
		"slack-bot-token": true, "slack-user-token": true, "slack-app-token": true, "slack-legacy-bot-token": true, "slack-legacy-token": true,
		"slack-legacy-workspace-token": true, "slack-config-access-token": true, "slack-config-refresh-token": true, "slack-session-cookie": true,
		"slack-session-token": true, "sidekiq-sensitive-url": true,
	}
}
