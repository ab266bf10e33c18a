// Shared by all tests: simulated and faulty file systems, models, generators, fixtures.
