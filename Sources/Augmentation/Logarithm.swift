import Glibc

// Glibc's functions under names that do not need Glibc in every file.

func logarithm(_ x: Double) -> Double { log(x) }

func exponential(_ x: Double) -> Double { exp(x) }

/// 10^k for a small whole number.
func tenToThe(_ k: Int) -> Double { pow(10, Double(k)) }
