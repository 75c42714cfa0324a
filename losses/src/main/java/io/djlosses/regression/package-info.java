/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Losses for regression: predicting real numbers. */
@org.jspecify.annotations.NullMarked
package io.djlosses.regression;
