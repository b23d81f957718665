module sample-adapter

go 1.27

require github.com/caisson/caisson/sdk/go v0.1.0

// Comes with `caisson`, which puts it there anew when it's missing.
replace github.com/caisson/caisson/sdk/go => ./.caisson/sdk/go
