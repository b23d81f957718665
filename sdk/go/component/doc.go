// Package component makes an adapter of package caisson the component that a main package is built into. Built for another
// target than wasip1, Export does nothing, so that the same main package is tested natively.
package component
