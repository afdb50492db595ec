// Moments and durations in words.

/** `14:03`, or with seconds where the options ask for them. `at` is in seconds since 1970. */
export function timeOf(at, options = {}) {
  return new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...options });
}

/** `3 ms`, `1.2 s` */
export function duration(seconds) {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
