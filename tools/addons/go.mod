module github.com/graphplane/graphplane/tools/addons

go 1.26.0

require github.com/ai-dynamo/grove/operator/api v0.1.0-alpha.12-rc1 // indirect
