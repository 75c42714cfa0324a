/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
/** What tests need of the API and users do not. */
@NullMarked
package io.djlosses.api;

import org.jspecify.annotations.NullMarked;
