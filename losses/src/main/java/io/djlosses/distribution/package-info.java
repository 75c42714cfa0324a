/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses between distributions, and likelihoods of distributions. */
@NullMarked
package io.djlosses.distribution;

import org.jspecify.annotations.NullMarked;
