/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** The catalogue: {@link io.djlosses.Losses} makes every loss with its defaults. */
@NullMarked
package io.djlosses;

import org.jspecify.annotations.NullMarked;
