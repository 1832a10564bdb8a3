import Glibc

/// The natural logarithm, so that the other files need no C library.
@inline(__always)
func logarithm(_ x: Double) -> Double { log(x) }

@inline(__always)
func exponential(_ x: Double) -> Double { exp(x) }
