module github.com/caisson/caisson/guests/house-rules

go 1.27

require github.com/caisson/caisson/sdk/go v0.1.0

replace github.com/caisson/caisson/sdk/go => ../../sdk/go
