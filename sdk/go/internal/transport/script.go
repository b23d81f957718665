//go:build !wasip1

// The seam outside of a component: what a test's script says, and no network.

package transport

import "time"

// World is what stands in for the host; package caissontest has one.
type World interface {
	Send(*Call) (*Answer, *Fault)
	Sleep(time.Duration)
	Elapsed() time.Duration
	UnixSeconds() int64
	Fraction() float64
	OriginalBody() []byte
	CountTokens(encoding, text string) (uint32, bool)
}

// Current is the world that is being played; nil between tests.
var Current World

// Send asks the script.
func Send(call *Call) (*Answer, *Fault) {
	if Current == nil {
		return nil, &Fault{Broken, "there is no network here: run this inside caissontest's Upstream.Run"}
	}
	return Current.Send(call)
}

// Sleep waits for nothing but is noted.
func Sleep(duration time.Duration) {
	if Current != nil {
		Current.Sleep(duration)
	}
}

// Elapsed is the script's time.
func Elapsed() time.Duration {
	if Current == nil {
		return 0
	}
	return Current.Elapsed()
}

// UnixSeconds is the script's time of day.
func UnixSeconds() int64 {
	if Current == nil {
		return 0
	}
	return Current.UnixSeconds()
}

// Fraction is the script's chance.
func Fraction() float64 {
	if Current == nil {
		return 1
	}
	return Current.Fraction()
}

// OriginalBody is the script's.
func OriginalBody() []byte {
	if Current == nil {
		return nil
	}
	return Current.OriginalBody()
}

// CountTokens asks the script.
func CountTokens(encoding, text string) (uint32, bool) {
	if Current == nil {
		return 0, false
	}
	return Current.CountTokens(encoding, text)
}
