/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Penalties on parameters, as losses. */
@NullMarked
package io.djlosses.regularization;

import org.jspecify.annotations.NullMarked;
