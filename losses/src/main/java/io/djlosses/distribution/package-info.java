/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for predicted distributions: divergences, and negative log-likelihoods of labels. */
@org.jspecify.annotations.NullMarked
package io.djlosses.distribution;
