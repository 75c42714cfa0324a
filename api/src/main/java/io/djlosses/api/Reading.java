/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.symbolic.Recorder;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * One way to compute a loss. All readings of a loss give the same value and gradient up to
 * rounding; they differ in speed and memory.
 *
 * <p>A loss lists its readings in {@link AbstractLoss#readings}, and the first one that applies is
 * used. The formula, {@link AbstractLoss#terms}, always comes last and applies to everything.
 */
public abstract class Reading {

    /** The kinds of readings. */
    public enum Kind {
        /** The formula, recorded once and run as one graph, on engines that run graphs. */
        GRAPH("graph"),
        /** A script, on engines that run scripts. */
        SCRIPT("script"),
        /** Value and gradient in closed form, with array operations. */
        CLOSED_FORM("closed form"),
        /** The formula, differentiated by the engine. */
        FORMULA("formula");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /** {@inheritDoc} */
        @Override
        public String toString() {
            return text;
        }
    }

    private final Kind kind;

    private Reading(Kind kind) {
        this.kind = kind;
    }

    /**
     * Turns labels and predictions into what a reading needs, or declines.
     *
     * @param <R> the type of the result
     */
    @FunctionalInterface
    public interface Reader<R> {

        /**
         * Reads labels and predictions.
         *
         * @param labels the labels, without sample weights, as they came
         * @param predictions the predictions, FLOAT32 or FLOAT64, not empty
         * @param goal what to compute, never {@link Goal.Kind#VALUES}
         * @return the result, or null to leave it to the next reading
         */
        @Nullable R read(NDList labels, NDList predictions, Goal goal);
    }

    /**
     * A script with its arguments.
     *
     * @param script the script
     * @param divisor the divisor of the mean, which must be known
     * @param arrays the arrays
     * @param options the numbers
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Call(Script script, Divisor divisor, List<NDArray> arrays, double... options) {

        /**
         * Creates a call.
         *
         * @param script the script
         * @param divisor the divisor of the mean, such as the number of values
         * @param arrays the arrays
         * @param options the numbers
         */
        public Call(Script script, double divisor, List<NDArray> arrays, double... options) {
            this(script, Divisor.of(divisor), arrays, options);
        }
    }

    /**
     * Returns the reading that records the formula and runs it as one graph, for arrays so small
     * that the calls of the operations cost more than the operations.
     *
     * <p>Use it only for a formula that always computes the same result from the same arrays: not
     * if it calls a function of the user, draws random numbers or keeps state. A formula that reads
     * data into Java is not recorded, and computed as usual.
     *
     * @return the reading
     */
    public static Reading graph() {
        return graph(Thresholds.GRAPH);
    }

    /**
     * Returns {@link #graph()} with another size limit.
     *
     * @param size the size of the largest array from which a graph is not used, because the memory
     *     of a graph stays allocated
     * @return the reading
     */
    public static Reading graph(long size) {
        return new Reading(Kind.GRAPH) {
            @Override
            @Nullable String refusal(Request request) {
                if (Recorder.runsOn(request.batch())) {
                    return request.isEmpty() || request.largest() >= size
                            ? "for arrays of less than " + size + " elements"
                            : null;
                }
                return NO_GRAPHS;
            }

            @Override
            @Nullable Outcome read(Request request) {
                return Formula.record(request);
            }
        };
    }

    /**
     * Returns a reading that runs one script, in one call of the engine. It applies to sums and
     * means without sample weights. Scripts are internal to this library and may change in any
     * release; other libraries have {@link #graph} and {@link #closedForm}.
     *
     * @param reader chooses the script and makes its arguments. Predictions keep their graph;
     *     labels have none
     * @return the reading
     */
    public static Reading script(Reader<Call> reader) {
        return new Reading(Kind.SCRIPT) {
            @Override
            @Nullable String refusal(Request request) {
                if (!request.isPlain()) {
                    return NOT_PLAIN;
                }
                return Script.runsOn(request.batch()) ? null : NO_SCRIPTS;
            }

            @Override
            @Nullable Outcome read(Request request) {
                Goal goal = request.goal();
                Call call = reader.read(request.labels(), request.predictions(), goal);
                if (call == null || request.isEmptyMean(call.divisor)) {
                    return null;
                }
                // If numerator and denominator are needed, compute the sum; otherwise the engine
                // divides.
                boolean mean = goal.isMean() && !goal.apart();
                NDArray result;
                try {
                    result =
                            call.script.run(
                                    new Script.Mode(mean, goal.gradient(), goal.forced()),
                                    call.arrays,
                                    call.options);
                } catch (EngineException e) {
                    // A kernel may reject data that the formula accepts, and an engine of another
                    // version may not know it. In tests, a script that is not known is an error.
                    return null;
                }
                if (result == null) {
                    return null;
                }
                return mean ? Outcome.finished(result) : Outcome.of(result, call.divisor);
            }
        };
    }

    /**
     * Returns a reading in closed form. It applies to sums and means without sample weights, for
     * predictions of at least 4096 elements.
     *
     * @param reader computes the sum and its gradient without a graph. Labels and predictions are
     *     detached; they share memory with the caller's arrays, so use in-place operations on new
     *     arrays only
     * @return the reading
     */
    public static Reading closedForm(Reader<Outcome> reader) {
        return closedForm(Thresholds.CLOSED_FORM, reader);
    }

    /**
     * Returns {@link #closedForm(Reader)} with another size limit.
     *
     * @param size the size of the largest prediction from which the closed form is worth its cost
     * @param reader computes the sum and its gradient
     * @return the reading
     */
    public static Reading closedForm(long size, Reader<Outcome> reader) {
        return new Reading(Kind.CLOSED_FORM) {
            @Override
            @Nullable String refusal(Request request) {
                if (!request.isPlain()) {
                    return NOT_PLAIN;
                }
                return request.goal().forced() || request.largestPrediction() >= size
                        ? null
                        : "for predictions of " + size + " elements or more";
            }

            @Override
            @Nullable Outcome read(Request request) {
                Inputs detached = request.detached();
                return reader.read(detached.labels(), detached.predictions(), request.goal());
            }
        };
    }

    /**
     * Returns a reading of a loss that computes with more than labels and predictions. It applies
     * to sums and means without sample weights.
     *
     * @param kind the kind of the reading, which the engine must support
     * @param reader computes the sum, which carries its gradient
     * @return the reading
     */
    public static Reading of(Kind kind, Reader<Outcome> reader) {
        return new Reading(kind) {
            @Override
            @Nullable String refusal(Request request) {
                if (!request.isPlain()) {
                    return NOT_PLAIN;
                }
                return switch (kind) {
                    case GRAPH -> Recorder.runsOn(request.batch()) ? null : NO_GRAPHS;
                    case SCRIPT -> Script.runsOn(request.batch()) ? null : NO_SCRIPTS;
                    case CLOSED_FORM, FORMULA -> null;
                };
            }

            @Override
            @Nullable Outcome read(Request request) {
                return reader.read(request.labels(), request.predictions(), request.goal());
            }
        };
    }

    /** The reading that comes after all others. */
    static final Reading FORMULA =
            new Reading(Kind.FORMULA) {
                @Override
                @Nullable String refusal(Request request) {
                    return null;
                }

                @Override
                Outcome read(Request request) {
                    return Formula.compute(request);
                }
            };

    private static final String NO_GRAPHS = "the engine runs no graphs";
    private static final String NO_SCRIPTS = "the engine runs no scripts";
    private static final String NOT_PLAIN =
            "for sums and means without sample weights and label gradients";

    Kind kind() {
        return kind;
    }

    /**
     * Returns why the reading does not apply to a request or another one is faster, or null if it
     * applies.
     */
    abstract @Nullable String refusal(Request request);

    /**
     * Computes a request to which it applies, or returns null if the data show that it does not.
     */
    abstract @Nullable Outcome read(Request request);
}
