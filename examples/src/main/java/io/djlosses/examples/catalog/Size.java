/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

/** The sizes of an input: call overhead, cache, and memory bandwidth in turn decide the time. */
public enum Size {
    /** Little enough that the overhead of a call decides. */
    S,
    /** As much as the cache holds. */
    M,
    /** More than that. */
    L
}
