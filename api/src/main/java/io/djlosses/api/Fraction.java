/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;

import io.djlosses.nd.Nd;

import java.util.ArrayList;
import java.util.List;

/**
 * A loss as numerator and denominator, kept apart so that the parts of a batch, of an epoch or of a
 * cluster merge exactly: the loss of the whole is Σ numerators / Σ denominators.
 *
 * <p>For {@link Reduction#MEAN} the denominator is what the mean divides by, for {@link
 * Reduction#BATCH_MEAN} the batch size, else 1.
 *
 * <ul>
 *   <li>Parts on one device: {@link #plus} and {@link #value}, then one backward.
 *   <li>Parts on several devices, whose gradients a trainer adds: {@link #values}, then a backward
 *       for each.
 *   <li>Parts that are computed elsewhere: what travels is two numbers.
 * </ul>
 *
 * @param loss the loss, which says how to divide
 * @param numerator the sum of the terms, a 0-d array with the gradient of the predictions
 * @param denominator what it is to be divided by, a 0-d constant
 */
public record Fraction(AbstractLoss loss, NDArray numerator, NDArray denominator)
        implements AutoCloseable {

    /**
     * Merges two parts that are on one device.
     *
     * @param other the other part, of the same loss
     * @return Σ numerators over Σ denominators
     */
    public Fraction plus(Fraction other) {
        return new Fraction(
                loss, numerator.add(other.numerator), denominator.add(other.denominator));
    }

    /**
     * Divides. The result carries the gradient of the numerator, and is what {@link
     * AbstractLoss#evaluate} gives for all parts together: where the denominator is 0 the {@link
     * EmptyPolicy} of the loss decides.
     *
     * @return the loss of all parts together, a 0-d array
     */
    public NDArray value() {
        return loss.divide(numerator, denominator);
    }

    /**
     * Divides parts that lie on several devices. Each result is the loss of all parts together, on
     * the device of its part and with the gradient of that part alone, so that the gradients of all
     * results add up to the gradient of the whole: DJL's {@code Trainer} adds what each device
     * computed.
     *
     * @param parts the parts, of one loss
     * @return a 0-d array for each part
     */
    public static List<NDArray> values(List<Fraction> parts) {
        List<NDArray> values = new ArrayList<>(parts.size());
        for (int i = 0; i < parts.size(); i++) {
            int own = i;
            values.add(Nd.scoped(() -> whole(parts, own).value()));
        }
        return values;
    }

    /** Merges all parts on the device of one, with the gradient of that one alone. */
    private static Fraction whole(List<Fraction> parts, int own) {
        Fraction whole = parts.get(own);
        Device device = whole.device();
        for (int i = 0; i < parts.size(); i++) {
            whole = i == own ? whole : whole.plus(parts.get(i).constant(device));
        }
        return whole;
    }

    private Device device() {
        return numerator.getDevice();
    }

    /** Returns the numbers alone, without the gradient, on a device. */
    private Fraction constant(Device device) {
        return new Fraction(
                loss,
                numerator.stopGradient().toDevice(device, true),
                denominator.toDevice(device, true));
    }

    /** Closes both arrays. */
    @Override
    public void close() {
        numerator.close();
        denominator.close();
    }
}
