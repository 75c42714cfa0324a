/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** Tests on real engines. */
@NullMarked
package io.djlosses.it;

import org.jspecify.annotations.NullMarked;
