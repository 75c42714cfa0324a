/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The steps of every evaluation: check the input, try the readings in order, and turn the outcome
 * of the first one that applies into the result.
 *
 * <pre>{@code
 * evaluate, value       ┐         ┌ graph       ┐            ┌ divide ─► result
 * fraction              ├─ check ─┤ script      ├─► Outcome ─┤
 * updateAccumulator     ┘         │ closed form │            └ numerator, denominator
 *                                 └ formula     ┘
 * }</pre>
 */
final class Evaluation {

    private final AbstractLoss loss;
    private volatile @Nullable List<Reading> readings;

    Evaluation(AbstractLoss loss) {
        this.loss = loss;
    }

    /** Computes the result, with or without the gradient of the predictions. */
    NDArray result(NDList labels, NDList predictions, boolean gradient) {
        return Nd.scoped(
                () -> {
                    Request request = request(labels, predictions, gradient, false);
                    NDArray result = finish(request, read(request, null));
                    return keep(result, labels, predictions);
                });
    }

    /** Computes numerator and denominator. */
    Fraction fraction(NDList labels, NDList predictions) {
        NDList kept = new NDList();
        Divisor divisor;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            Request request = request(labels, predictions, true, true);
            Outcome outcome = read(request, null);
            NDArray numerator = outcome.numerator(request.predictions());
            kept.add(keep(numerator, labels, predictions));
            divisor = divisor(request, outcome);
            if (!divisor.isKnown()) {
                // What Java knows becomes an array where someone asks for it.
                kept.add(keep(divisor.toArray(kept.head()), labels, predictions));
                divisor = Divisor.owning(kept.get(1));
            }
            NDScope.unregister(kept);
        }
        kept.forEach(NDScope::register);
        return Fraction.of(loss, kept.head(), divisor);
    }

    /** Computes the numbers that an accumulator adds up. */
    Accumulators.Total total(NDList labels, NDList predictions) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            boolean apart = loss.getReduction().function() == null;
            Request request = request(labels, predictions, false, apart);
            Outcome outcome = read(request, null);
            if (!apart) {
                NDArray result = finish(request, outcome);
                return new Accumulators.Total(Nd.toDoubles(result.sum())[0], 1, 1);
            }
            double numerator = Nd.toDoubles(outcome.numerator(request.predictions()))[0];
            boolean isSum = loss.getReduction() == Reduction.SUM;
            double denominator = isSum ? 0 : divisor(request, outcome).toDouble();
            return new Accumulators.Total(numerator, denominator, 1);
        }
    }

    /** Explains which reading computes the result, and why those before it do not. */
    String explain(NDList labels, NDList predictions) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            List<String> steps = new ArrayList<>();
            read(request(labels, predictions, false, false), steps);
            String used = steps.remove(steps.size() - 1);
            return steps.isEmpty() ? used : used + ", not " + String.join(", not ", steps);
        }
    }

    private Request request(NDList labels, NDList predictions, boolean gradient, boolean apart) {
        Reduction reduction = loss.getReduction();
        Goal.Kind kind = Goal.Kind.MEAN;
        if (reduction == Reduction.SUM || reduction == Reduction.BATCH_MEAN) {
            kind = Goal.Kind.SUM;
        } else if (reduction != Reduction.MEAN && !apart) {
            kind = Goal.Kind.VALUES;
        }
        Goal goal = new Goal(kind, gradient, apart, loss.options().only() != null);
        return InputChecks.check(loss, labels, predictions, goal);
    }

    /** Tries the readings in order. */
    private Outcome read(Request request, @Nullable List<String> steps) {
        try {
            for (Reading reading : readings()) {
                String refusal = reading.refusal(request);
                Outcome outcome = refusal == null ? reading.read(request) : null;
                if (steps != null) {
                    String why = refusal == null ? "not these options or data" : refusal;
                    steps.add(reading.kind() + (outcome == null ? " (" + why + ")" : ""));
                }
                if (outcome != null) {
                    return outcome;
                }
            }
            throw new IllegalStateException(loss.getName() + ": the formula declined");
        } finally {
            // Constants of a script live for as long as the loss.
            Reference.reachabilityFence(loss);
        }
    }

    private List<Reading> readings() {
        List<Reading> known = readings;
        if (known == null) {
            // Not in the constructor, where the fields of a subclass are not set yet.
            List<Reading> all = new ArrayList<>(loss.readings());
            Reading.Kind only = loss.options().only();
            all.removeIf(reading -> only != null && reading.kind() != only);
            all.add(Reading.FORMULA);
            known = List.copyOf(all);
            readings = known;
        }
        return known;
    }

    /** Turns an outcome into the result. */
    static NDArray finish(Request request, Outcome outcome) {
        AbstractLoss loss = request.loss();
        if (outcome.isFinished()) {
            UnaryOperator<NDArray> function = loss.getReduction().function();
            return function == null ? outcome.result() : function.apply(outcome.result());
        }
        Divisor divisor = divisor(request, outcome);
        return divisor.value(outcome.divided(request.predictions(), divisor), loss);
    }

    /** Returns what the reduction divides by. */
    private static Divisor divisor(Request request, Outcome outcome) {
        Reduction reduction = request.loss().getReduction();
        if (reduction == Reduction.SUM) {
            return Divisor.of(1);
        }
        if (reduction == Reduction.BATCH_MEAN) {
            Shape shape = request.loss().unreducedShape(request.labels(), request.predictions());
            return Divisor.of(shape.isScalar() ? 1 : shape.get(0));
        }
        return outcome.divisor();
    }

    private NDArray keep(NDArray result, NDList labels, NDList predictions) {
        NDArray kept = result;
        for (NDList list : new NDList[] {labels, predictions}) {
            for (NDArray input : list) {
                // The caller may close the result, which must not close an input.
                kept = input == kept ? kept.add(0) : kept;
            }
        }
        NDManager owner = loss.batch(predictions).getManager();
        if (kept.getManager() != owner) {
            kept.attach(owner);
        }
        return kept;
    }
}
