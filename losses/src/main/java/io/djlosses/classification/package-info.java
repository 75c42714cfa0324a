/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * Losses for classification into many classes: exclusive classes, or several classes per sample.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses.classification;
