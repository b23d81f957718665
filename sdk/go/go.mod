module github.com/caisson/caisson/sdk/go

go 1.27
