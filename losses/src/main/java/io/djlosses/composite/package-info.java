/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses that combine other losses: weighted sums, and averages over several labels. */
@org.jspecify.annotations.NullMarked
package io.djlosses.composite;
