/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A loss as numerator and denominator, kept separate so that the parts of a batch, of an epoch or
 * of a cluster merge exactly: the loss of the whole is Σ numerators / Σ denominators. A sum of
 * losses has a numerator and a denominator for each of its losses.
 *
 * <p>For {@link Reduction#MEAN} the denominator is what the mean divides by, for {@link
 * Reduction#BATCH_MEAN} the batch size, else 1. Where Java knows it, it becomes an array only when
 * someone asks for it.
 *
 * <ul>
 *   <li>Parts on one device: call {@link #plus} and {@link #value}, then one backward pass.
 *   <li>Parts on several devices, whose gradients a trainer adds: call {@link #values}, then one
 *       backward pass for each part.
 *   <li>Parts computed in other processes: only two numbers per loss have to be sent.
 * </ul>
 */
public final class Fraction implements AutoCloseable {

    private final List<Term> terms;

    /** The part of one loss in a weighted sum of losses. */
    private static final class Term {

        private final double weight;
        private final AbstractLoss loss;
        private final NDArray numerator;
        private final Divisor divisor;

        /** The divisor as an array, where someone has asked for it. */
        private @Nullable NDArray denominator;

        Term(double weight, AbstractLoss loss, NDArray numerator, Divisor divisor) {
            this.weight = weight;
            this.loss = loss;
            this.numerator = numerator;
            this.divisor = divisor;
        }

        NDArray denominator() {
            NDArray array = denominator == null ? divisor.toArray(numerator) : denominator;
            denominator = array;
            return array;
        }

        NDArray value() {
            // A sum over several parts is their sum, however many there are.
            Divisor by = loss.getReduction() == Reduction.SUM ? Divisor.of(1) : divisor;
            NDArray value = by.value(by.quotient(numerator), loss);
            return weight == 1 ? value : Nd.mul(value, weight);
        }

        Term plus(Term other) {
            NDArray sum = numerator.add(other.numerator);
            return new Term(weight, loss, sum, divisor.plus(other.divisor, sum));
        }

        /** Returns whether another term has the same weight, class and options, as copies have. */
        boolean isLike(Term other) {
            return weight == other.weight
                    && (loss == other.loss
                            || (loss.getClass() == other.loss.getClass()
                                    && loss.options().isLike(other.loss.options())));
        }

        /** Returns the numbers without the gradient, on a device. */
        Term constant(Device device) {
            NDArray constant = numerator.stopGradient().toDevice(device, true);
            return new Term(weight, loss, constant, divisor.onDevice(device));
        }

        Term times(double factor) {
            return new Term(weight * factor, loss, numerator, divisor);
        }

        void close() {
            numerator.close();
            divisor.close();
            if (denominator != null) {
                denominator.close();
            }
        }
    }

    private Fraction(List<Term> terms) {
        this.terms = terms;
    }

    /**
     * Creates a fraction of two numbers, which may have been computed in another process.
     *
     * @param loss the loss, which determines how to divide
     * @param numerator the sum of the terms, a 0-d array with the gradient of the predictions
     * @param denominator the divisor, a 0-d constant
     */
    public Fraction(AbstractLoss loss, NDArray numerator, NDArray denominator) {
        this(List.of(new Term(1, loss, numerator, Divisor.owning(denominator))));
    }

    /** Makes the fraction of a numerator and what it is divided by. */
    static Fraction of(AbstractLoss loss, NDArray numerator, Divisor divisor) {
        return new Fraction(List.of(new Term(1, loss, numerator, divisor)));
    }

    /**
     * Creates the fraction of a weighted sum of losses.
     *
     * @param weights the weight of each loss
     * @param fractions the fraction of each loss
     * @return the fraction, which now owns the arrays
     * @throws IllegalArgumentException if there is no fraction, or not one for each weight
     */
    public static Fraction sum(double[] weights, List<Fraction> fractions) {
        if (weights.length == 0 || weights.length != fractions.size()) {
            throw Checks.failure(
                    "Fraction.sum",
                    "fractions",
                    "hold one fraction for each weight, at least one",
                    fractions.size() + " fractions for " + weights.length + " weights");
        }
        List<Term> all = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            for (Term term : fractions.get(i).terms) {
                all.add(term.times(weights[i]));
            }
        }
        return new Fraction(List.copyOf(all));
    }

    /**
     * Returns the loss.
     *
     * @return the loss that this is a part of
     * @throws IllegalStateException if this is the fraction of a sum of losses
     */
    public AbstractLoss loss() {
        return single().loss;
    }

    /**
     * Returns the numerator.
     *
     * @return a 0-d array with the gradient of the predictions
     * @throws IllegalStateException if this is the fraction of a sum of losses, which has several
     */
    public NDArray numerator() {
        return single().numerator;
    }

    /**
     * Returns the denominator.
     *
     * @return a 0-d constant
     * @throws IllegalStateException if this is the fraction of a sum of losses, which has several
     */
    public NDArray denominator() {
        return single().denominator();
    }

    private Term single() {
        if (terms.size() > 1) {
            throw new IllegalStateException(
                    "the fraction of a sum of "
                            + terms.size()
                            + " losses has as many numerators and denominators");
        }
        return terms.get(0);
    }

    /**
     * Returns the numerators, one for each loss of a sum.
     *
     * @return 0-d arrays with the gradient of the predictions
     */
    public NDList numerators() {
        NDList list = new NDList();
        terms.forEach(term -> list.add(term.numerator));
        return list;
    }

    /**
     * Returns the denominators, one for each loss of a sum.
     *
     * @return 0-d constants
     */
    public NDList denominators() {
        NDList list = new NDList();
        terms.forEach(term -> list.add(term.denominator()));
        return list;
    }

    /**
     * Merges two parts on one device, and closes both. A part may be merged with itself, and then
     * counts twice.
     *
     * @param other the other part, of the same loss
     * @return Σ numerators over Σ denominators
     * @throws IllegalArgumentException if the parts are of losses that differ in class or options,
     *     such as penalties on two blocks, or on two devices; both then stay as they are
     */
    public Fraction plus(Fraction other) {
        Fraction sum = merged(other);
        close();
        other.close();
        return sum;
    }

    private Fraction merged(Fraction other) {
        // All terms are checked before the first is added.
        boolean alike = terms.size() == other.terms.size();
        for (int i = 0; alike && i < terms.size(); i++) {
            alike = terms.get(i).isLike(other.terms.get(i));
        }
        NDArray first = terms.get(0).numerator;
        NDArray second = other.terms.get(0).numerator;
        String name = terms.get(0).loss.getName();
        if (!alike) {
            throw new IllegalArgumentException(
                    name
                            + ": fractions must be of one loss to be merged, but were of "
                            + this
                            + " and "
                            + other
                            + (toString().equals(other.toString())
                                    ? " with other blocks or functions"
                                    : ""));
        }
        if (!first.getDevice().equals(second.getDevice())
                || first.getDataType() != second.getDataType()) {
            throw new IllegalArgumentException(
                    name
                            + ": fractions must be of one data type and on one device to be merged,"
                            + " but were "
                            + first.getDataType()
                            + " on "
                            + first.getDevice()
                            + " and "
                            + second.getDataType()
                            + " on "
                            + second.getDevice()
                            + "; Fraction.values divides parts on several devices");
        }
        List<Term> sums = new ArrayList<>();
        for (int i = 0; i < terms.size(); i++) {
            sums.add(terms.get(i).plus(other.terms.get(i)));
        }
        return new Fraction(List.copyOf(sums));
    }

    /**
     * Divides the numerator by the denominator. The result carries the gradient of the numerator,
     * and equals what {@link AbstractLoss#evaluate} returns for all parts together: if the
     * denominator is 0, the {@link EmptyPolicy} of the loss decides. It decides here alone: a part
     * in which there is nothing to average is a part like any other.
     *
     * @return the loss of all parts together, a 0-d array
     */
    public NDArray value() {
        return Nd.scoped(
                () -> {
                    NDArray sum = terms.get(0).value();
                    for (Term term : terms.subList(1, terms.size())) {
                        sum = sum.add(term.value());
                    }
                    // Never the numerator itself: the caller closes it with the fraction.
                    return sum == terms.get(0).numerator ? sum.add(0) : sum;
                });
    }

    /**
     * Divides parts that are on several devices. Each result is the loss of all parts together, on
     * the device of its part and with the gradient of that part alone. So the gradients of all
     * results add up to the gradient of the whole, as DJL's {@code Trainer} adds the gradients of
     * the devices.
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

    /** Merges all parts on the device of one part, with the gradient of that part alone. */
    private static Fraction whole(List<Fraction> parts, int own) {
        Fraction whole = parts.get(own);
        Device device = whole.terms.get(0).numerator.getDevice();
        for (int i = 0; i < parts.size(); i++) {
            whole = i == own ? whole : whole.merged(parts.get(i).constant(device));
        }
        return whole;
    }

    private Fraction constant(Device device) {
        return new Fraction(terms.stream().map(term -> term.constant(device)).toList());
    }

    /** Lists the losses with their weights. */
    @Override
    public String toString() {
        return terms.stream()
                .map(term -> (term.weight == 1 ? "" : term.weight + " * ") + term.loss)
                .collect(Collectors.joining(" + "));
    }

    /** Closes all arrays. */
    @Override
    public void close() {
        terms.forEach(Term::close);
    }
}
