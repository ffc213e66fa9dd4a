module github.com/andon-ci/andon

go 1.26
