/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for regression: predicting real numbers. */
@NullMarked
package io.djlosses.regression;

import org.jspecify.annotations.NullMarked;
