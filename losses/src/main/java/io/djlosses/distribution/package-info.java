/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for predicted distributions: divergences, and negative log-likelihoods of labels. */
@NullMarked
package io.djlosses.distribution;

import org.jspecify.annotations.NullMarked;
