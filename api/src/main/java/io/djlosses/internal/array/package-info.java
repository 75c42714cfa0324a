/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Exact sums, and gradients that are attached to values, for all readings of a loss. Internal: may
 * change in any release.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.internal.array;
