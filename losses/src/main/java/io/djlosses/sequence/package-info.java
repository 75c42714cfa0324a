/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for sequences whose labels are not aligned with the input. */
@org.jspecify.annotations.NullMarked
package io.djlosses.sequence;
