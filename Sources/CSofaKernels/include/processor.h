#ifndef SOFA_PROCESSOR_H
#define SOFA_PROCESSOR_H

/// A number of the calling thread; each thread has another one, counted from 0.
unsigned sofa_thread_number(void);

// Hints to the processor, which change no result.

/// Brings the cache line at `address`, which need not be valid, closer.
static inline void sofa_prefetch(const void *address) { __builtin_prefetch(address); }

/// Says that the thread looks again and again whether another one is ready.
static inline void sofa_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

#endif
