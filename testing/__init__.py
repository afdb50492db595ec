"""What the tests and the benchmarks share: keys, samples, engines, the whole product."""
