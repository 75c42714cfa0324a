/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for learning to rank: they depend on the order of scores. */
@org.jspecify.annotations.NullMarked
package io.djlosses.ranking;
