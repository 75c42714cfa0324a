/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

/** What a run measures. */
enum Mode {
    /** A step of training: predictions that a layer computed, and everything closed after it. */
    STEP,
    /** The loss alone, on leaves. */
    LOOP,
    /** Every reading at many sizes, as in a step. */
    SWEEP,
    /** Epochs of DJL's trainer, each in a process of its own. */
    EPOCH,
    /** What losses are made of. */
    LIMITS,
    /** Other libraries for the JVM. */
    PEERS
}
