/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Penalties on the parameters of a model, as losses that can be added to others. */
@org.jspecify.annotations.NullMarked
package io.djlosses.regularization;
