/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/**
 * The entry point of the library: {@link io.djlosses.Losses} creates every loss with its defaults.
 */
@org.jspecify.annotations.NullMarked
package io.djlosses;
