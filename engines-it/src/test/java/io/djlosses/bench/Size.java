/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

/** The sizes of a row: call overhead, cache, and memory bandwidth in turn decide the time. */
enum Size {
    S,
    M,
    L
}
