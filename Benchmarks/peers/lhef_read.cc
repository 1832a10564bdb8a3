// Microseconds per event that the LHEF reader of HepMC3 (libhepmc3-dev) needs for an LHE file's first events, from plain text.
//
// Usage: lhef_read FILE EVENTS
#include <HepMC3/LHEF.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  const long events = std::atol(argv[2]);
  const auto start = std::chrono::steady_clock::now();
  LHEF::Reader reader(argv[1]);
  long read = 0;
  double sum = 0;
  while (read < events && reader.readEvent()) {
    for (const auto &weight : reader.hepeup.weights) sum += weight.first;
    ++read;
  }
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  if (read != events || sum == 0) {
    std::cerr << read << " events, not " << events << "\n";
    return 1;
  }
  std::cout << time.count() / events * 1e6 << "\n";
}
